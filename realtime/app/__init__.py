"""The desktop program: open a video or a camera, watch it, save what was found. Tk is imported only in here."""
