"""What runs, marks and reports; no notebook imports it."""
