-- Notifying makes commits wait for each other. Whoever commits wakes the relay of its own process; the others look every second.
drop trigger outbox_inserted on messaging.outbox;
drop function messaging.notify_outbox();
