"""What larder does, seen from outside: real processes against a scripted registry."""
