from support.fixtures import script, serve, shared_serve

__all__ = ["script", "serve", "shared_serve"]
