"""Shared reading and writing of heads, curves and animations."""
