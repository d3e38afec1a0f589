from inspector.ui.screens.place import Place


class ApprovalsPlace(Place):
    PLACE = "approvals"
