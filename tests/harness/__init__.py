"""What scenarios and end-to-end tests share: larder processes under test."""

from .command import Command, Done
from .larder import Larder, build_dir, larder_binary

__all__ = ["Command", "Done", "Larder", "build_dir", "larder_binary"]
