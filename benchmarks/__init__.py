"""What mmlight costs, measured beside what it replaces; `make bench` runs them all."""
