"""Pictures that a change must not alter unseen."""
