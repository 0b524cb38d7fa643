"""The tables and views, one statement per file, run in the order of their numbers."""
