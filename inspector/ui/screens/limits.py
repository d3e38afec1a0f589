from inspector.ui.screens.place import Place


class LimitsPlace(Place):
    PLACE = "limits"
