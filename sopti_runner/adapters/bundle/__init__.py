"""Export bundles, and the verifier that auditors carry."""

from sopti_runner.adapters.bundle.zip_file import ZipBundle, write_bundle

__all__ = ["ZipBundle", "write_bundle"]
