"""The recording: every event of a run in one SQLite file, redacted before it persists, and the way back."""
