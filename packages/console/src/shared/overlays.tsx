// What opens above a page: a drawer for the details of one thing, and a question before a change.
import { Button, Group, Drawer as MantineDrawer, Modal, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Problem } from './Problem.tsx';

interface DrawerProps {
  readonly title: string;
  /** Nothing is shown without it. */
  readonly children: ReactNode;
  readonly onClose: () => void;
}

/** Esc and a click beside it close it. Let the URL say whether it is open. frame.css keeps the page from scrolling: Mantine would need inline styles. */
export const Drawer = ({ title, children, onClose }: DrawerProps): ReactNode => (
  <MantineDrawer.Root opened={Boolean(children)} onClose={onClose} position="right" size="lg" lockScroll={false}>
    <MantineDrawer.Overlay />
    <MantineDrawer.Content>
      <div className="overlay-head">
        <MantineDrawer.Title fw={600}>{title}</MantineDrawer.Title>
        <MantineDrawer.CloseButton aria-label="Close" />
      </div>
      <MantineDrawer.Body>{children}</MantineDrawer.Body>
    </MantineDrawer.Content>
  </MantineDrawer.Root>
);

interface ConfirmProps {
  readonly title: string;
  /** What will happen, in words and numbers. */
  readonly children: ReactNode;
  /** The words of the button that does it: a verb and its object. */
  readonly action: string;
  readonly isOpen: boolean;
  readonly isDangerous?: boolean;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<unknown>;
}

/** Asks once. A refusal of the server is shown in place, with the id of the request. */
export function Confirm({ title, children, action, isOpen, isDangerous, onClose, onConfirm }: ConfirmProps): ReactNode {
  const change = useMutation({ mutationFn: onConfirm, onSuccess: () => close() });
  const close = (): void => {
    change.reset();
    onClose();
  };
  return (
    <Modal.Root opened={isOpen} onClose={close} lockScroll={false} centered>
      <Modal.Overlay />
      <Modal.Content>
        <div className="overlay-head">
          <Modal.Title fw={600}>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>
          <Stack>
            <div>{children}</div>
            {change.error !== null && <Problem error={change.error} />}
            <Group justify="end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button
                {...(isDangerous && { color: 'red' })}
                loading={change.isPending}
                onClick={() => change.mutate()}
                data-autofocus
              >
                {action}
              </Button>
            </Group>
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
