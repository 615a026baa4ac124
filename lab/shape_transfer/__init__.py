"""Carrying the shapes of one head, whoever made them, to any other head that is mapped to the chart.

The shape keys that a user gets come from the trained trunk, which errs less on people of models that it has
seen. This is for shapes that nothing was trained on; ``lab shape-transfer`` measures it.
"""
