"""Carrying the shapes of one head, whoever made them, to any other head that is mapped to the chart."""
