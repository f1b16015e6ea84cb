"""What scenarios and end-to-end tests share: a larder process under test."""

from .larder import Larder, build_dir, larder_binary

__all__ = ["Larder", "build_dir", "larder_binary"]
