"""Documentation site: Markdown pages, tutorials that are executed when it is built, reference from docstrings."""

from importlib.metadata import version as _version

project = "surrogate-discovery"
release = version = _version("surrogate-discovery")
copyright = "the authors of surrogate-discovery"

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["site", "templates", "**.ipynb_checkpoints"]
html_theme = "furo"
html_title = "surrogate-discovery"
html_static_path = ["static"]
html_css_files = ["site.css"]

# What a page shows was computed when the site was built; a cell that raises stops the build.
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

templates_path = ["templates"]
autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False  # a room's __all__ is what it offers
autodoc_typehints = "none"  # numpydoc's sections say more
autodoc_inherit_docstrings = True
# scikit-learn adds these to every estimator; their texts point into its own documentation.
autodoc_default_options = {"exclude-members": "set_fit_request, set_predict_request, set_score_request"}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
