"""The screen: what a person sees and answers. It knows one port (`inspector.core.views.Port`) and nothing else."""
