"""Which calls a table shows, and in which order: read from text, tested on rows. A recording asks SQLite the same."""
