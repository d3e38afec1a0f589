"""Bytes ↔ frames: pure, total, and nothing is forwarded that was not understood."""
