"""What people mean: text in, typed value or nothing out. Pure."""
