"""What a researcher says of tracks after looking: who they are, and what is left out."""
