"""Changes to a recording that leave the motion that belongs to it true."""
