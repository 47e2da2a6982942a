/** What somebody wrote to support. */
export interface Ticket {
  readonly id: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly age: string;
}

export const TICKETS: readonly Ticket[] = [
  {
    id: 'password',
    from: 'Priya Nair',
    subject: 'Locked out after changing my phone',
    text: 'Hi! I got a new phone and the login code still goes to the old one. I can’t get into my account any more. How do I get back in?',
    age: '4 min',
  },
  {
    id: 'invoice',
    from: 'Tomás Herrera',
    subject: 'Invoice for October',
    text: 'Our accountant needs the October invoice with the new VAT number on it. Where can I download it?',
    age: '27 min',
  },
  {
    id: 'slow',
    from: 'Lena Fischer',
    subject: 'Dashboard is slow since Tuesday',
    text: 'Since Tuesday the dashboard takes half a minute to load, but only for two of our five teams. Any idea what changed?',
    age: '1 h',
  },
];
