"""Guards of the server that runs the application: slow connections and overload."""
