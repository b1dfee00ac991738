"""The report's plots: what is drawn, as shapes, and the numbers behind it, as CSV."""
