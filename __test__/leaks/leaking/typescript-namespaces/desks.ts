interface Loan {
  readonly book: string;
  readonly due: number;
}

export namespace Library {
  export namespace Loans {
    export const open = new Map<string, Loan>(); // @here

    export function lend(book: string): void {
      open.set(book, { book, due: open.size });
    }
  }

  export namespace Returns {
    export const open: string[] = [];

    export const take = (): string | undefined => open.pop();
  }
}
