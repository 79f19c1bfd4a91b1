// Which chip was pressed: the one popover of the window shows that upload.
import type { UploadView } from "../generated/UploadView";

class OpenedUpload {
  upload = $state.raw<UploadView | null>(null);
  anchor = $state.raw<HTMLElement | null>(null);

  open(upload: UploadView, anchor: HTMLElement) {
    this.upload = upload;
    this.anchor = anchor;
  }

  close() {
    this.upload = null;
    this.anchor = null;
  }
}

export const openedUpload = new OpenedUpload();
