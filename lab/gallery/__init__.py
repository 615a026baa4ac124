"""Ten heads that have nothing in common, with what is made of each, in one picture."""
