"""jinggao (净稿): clean, traceable records of Chinese speeches out of scraped pages."""

__version__ = "0.1.0"
