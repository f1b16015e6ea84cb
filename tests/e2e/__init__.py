"""Real clients and engines pulling through a real larder from the scripted hub."""
