"""Hide contact details in what people write: phones, addresses, links and handles. Pure."""
