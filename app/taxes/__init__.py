"""What of a price is tax: a pack per country in `packs`, and quotes made by them. Pure."""
