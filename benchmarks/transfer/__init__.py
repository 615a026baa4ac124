"""Leaving one head model out: shape keys of one model carried to people of the other, by several systems."""
