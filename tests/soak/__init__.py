"""A larder under everything at once, for as long as one likes (scripts/soak.sh)."""
