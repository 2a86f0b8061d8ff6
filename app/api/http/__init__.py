"""What every route shares: dependencies, errors, middleware, limits, documents."""
