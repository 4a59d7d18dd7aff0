"""The only package that knows how Lightning works inside."""
