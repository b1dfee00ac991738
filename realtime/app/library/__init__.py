"""What the desktop program keeps between its runs, and what it does with files beside analyzing them; without Tk."""
