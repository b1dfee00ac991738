"""The screen of an analyzed video: its pictures, its sound, who is who, and what is saved."""
