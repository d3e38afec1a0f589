from inspector.ui.screens.place import Place


class SessionsPlace(Place):
    PLACE = "sessions"
