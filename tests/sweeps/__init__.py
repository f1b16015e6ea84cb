"""Scenarios of the store that are cut: by faults and kills (faults.py), by the power (powercut.py)."""
