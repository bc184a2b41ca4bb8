"""Stock of depots and vans."""
