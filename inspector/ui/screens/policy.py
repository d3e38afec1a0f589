from inspector.ui.screens.place import Place


class PolicyPlace(Place):
    PLACE = "policy"
