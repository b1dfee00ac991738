"""The program's version; the package's metadata reads it from here."""

VERSION = "0.1.0"
"""The program's version, as written into tables and reports."""
