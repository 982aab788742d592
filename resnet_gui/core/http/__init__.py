"""What talks HTTP: settings (proxy, certificates, mirror), one request, a picture by address."""
