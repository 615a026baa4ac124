"""The head models that training draws people from, and the assets that are made of them."""
