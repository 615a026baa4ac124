"""Data sets of moving vertices, read as they are delivered and as the field's baselines convert them."""
