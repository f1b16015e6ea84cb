"""What a power cut may leave: a recorder (record.c) and what it wrote, played (disk.py)."""
