"""Command-line options in groups, each with what makes a part of `RunOptions` of them."""
