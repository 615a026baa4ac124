"""How well heads that nothing was trained on are mapped."""
