"""Every documented part at work: in a config and in a Lightning project of one's own."""
