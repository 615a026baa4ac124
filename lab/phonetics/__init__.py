"""Which speech sounds are said when, and what each of them asks of lips, jaw and tongue."""
