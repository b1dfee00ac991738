"""The demo clip: a public-domain portrait brought to move along its face mesh."""
