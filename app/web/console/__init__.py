"""Pages of administrators, one file a group; each calls the functions of `app.api.admin`."""
