"""What any part of Partimer may use, and what knows no part."""
