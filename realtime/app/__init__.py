"""Desktop program (Tk): analyzes videos and cameras, plays results, saves recordings, tables and reports."""
