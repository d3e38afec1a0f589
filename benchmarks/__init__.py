"""Measurements: `python -m benchmarks NAME …` runs `benchmarks/NAME.py`."""
